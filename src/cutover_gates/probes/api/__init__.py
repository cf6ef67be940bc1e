"""The API probe: the target is held to its own OpenAPI document.

`document` finds the document and checks its shape. `fuzzing` makes one bounded run of schemathesis
in a process of its own, and answers the checks from what came of it. `access` asks who may do what.
`compatibility` compares the document with that of the release before. `methods` sends what no
document lists. `headers` looks at the headers of all answers.
"""
