"""What `ape run` offers; files and folders that begin with an underscore are parts, not commands.

Ape takes this project off Python's search path again once it has loaded a script: import our own modules at the top.
"""
