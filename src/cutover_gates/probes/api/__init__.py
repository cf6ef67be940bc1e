"""Does the API keep its promises? Its own document is the measure.

`document` finds it, `shape` looks at the document itself. `running` makes one bounded run of
schemathesis in a process of its own (`process`, with `observer` in it: never imported by pytest),
`report` reads what came of it, `findings` says it in words, `known` holds it against what is
accepted, and `fuzzing` answers the checks. `access` asks who may do what, `compatibility` compares
with the document of the release before.
"""
