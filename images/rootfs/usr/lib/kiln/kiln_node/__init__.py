"""The node program: what an image does between cloud-init and a registered Spark daemon.

Standard library only: it runs on the image's own python3, before anything of a user's is known.
"""
