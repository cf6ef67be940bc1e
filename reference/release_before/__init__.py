"""Release 1.9.0: the application before the cutover, on its own schema and on that of 2.0.0.

    app = release_before.app.create_app(settings)

It was written for migrations 1 to 6, and knows no column of a later one: letters for sex, numbers
for a visit's state, one refresh token that stays, an audit log of what was allowed. It has no tags,
so it removes nothing, and no keys for repeated requests. What it shares with 2.0.0 it takes from
`reference`: sign-in, health, paging, permissions, problems, and the layers around a request.

`reference/contract/1.9.json` is the document of this application.
"""
