"""What the emulator's Lambda does otherwise than AWS, put right.

Functions in Node reach servers of this machine by HTTPS where they ask for it by a port. The emulator turns HTTPS on
the loopback interface into HTTP, for responses to CloudFormation, which are sent without a port.
"""

from ministack.core import lambda_runtime

#: Of the program that runs a function in Node: where it begins to look for requests to this machine.
LOOPBACK = '    const advertised = (process.env.MINISTACK_HOST || "").split(":")[0];\n'
PASSED_ON = """\
    const port = Number(options.port || 443);
    if (port !== 443 && port !== msPort) return origHttpsReq.apply(https, original);
"""


def correct() -> None:
    """Takes the place of the emulator's own program."""
    program = lambda_runtime._NODEJS_WORKER_SCRIPT
    if program.count(LOOPBACK) != 1:
        raise RuntimeError("the emulator runs functions by another program than is known: see emulator_functions.py")
    lambda_runtime._NODEJS_WORKER_SCRIPT = program.replace(LOOPBACK, PASSED_ON + LOOPBACK)
