"""Stand-ins of outside systems for development and tests: they speak the vendor's protocol and can be told to misbehave.

They share no code with the steps that call them. Each is a module with `create_app` and a command:
`python -m dev.standins.github --port N`.
"""
