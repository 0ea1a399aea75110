"""The stand-ins and real programs that the tests run against.

`gateway` is a loopback ZenMux (with `replies`, its vocabulary), `kernel` a real ipykernel, `lab` a
real JupyterLab in a real Chromium. Nothing here imports `zenmux_magic`: what is tested reaches
these from outside, over a socket or in a kernel of its own.
"""
