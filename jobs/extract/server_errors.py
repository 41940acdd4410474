"""Turns what the driver raises into named reasons. User name and password never get into a message."""

import ssl

from credentials import Credentials
from extraction_error import ExtractionError, Reason
from pymysql import err
from pymysql.constants import CR, ER

#: Server's codes that PyMySQL has no names for.
_ACCOUNT_LOCKED, _PASSWORD_EXPIRED, _TRANSPORT_NOT_SECURE = 3118, 1862, 3159

#: The other side was there, and went. Over TLS too: what it does not like about TLS, it says.
_CUT = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_REASONS = {
    Reason.ACCESS_DENIED: {
        ER.ACCESS_DENIED_ERROR,
        ER.DBACCESS_DENIED_ERROR,
        ER.TABLEACCESS_DENIED_ERROR,
        ER.COLUMNACCESS_DENIED_ERROR,
        ER.SPECIFIC_ACCESS_DENIED_ERROR,
        ER.HOST_NOT_PRIVILEGED,
        ER.HOST_IS_BLOCKED,
        ER.MUST_CHANGE_PASSWORD,
        _PASSWORD_EXPIRED,
        _ACCOUNT_LOCKED,
    },
    Reason.DATABASE_MISSING: {ER.BAD_DB_ERROR},
    Reason.TABLE_MISSING: {ER.NO_SUCH_TABLE},
    Reason.COLUMN_MISSING: {ER.BAD_FIELD_ERROR},
    Reason.SERVER_BUSY: {
        ER.CON_COUNT_ERROR,
        ER.TOO_MANY_USER_CONNECTIONS,
        ER.USER_LIMIT_REACHED,
        ER.LOCK_WAIT_TIMEOUT,
        ER.LOCK_DEADLOCK,
    },
    Reason.CONNECTION_LOST: {
        CR.CR_SERVER_GONE_ERROR,
        CR.CR_SERVER_LOST,
        CR.CR_SERVER_LOST_EXTENDED,
        ER.SERVER_SHUTDOWN,
        ER.NET_READ_ERROR,
        ER.NET_READ_INTERRUPTED,
    },
    Reason.HOST_UNREACHABLE: {CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR, CR.CR_UNKNOWN_HOST},
    Reason.TLS_REFUSED: {CR.CR_SSL_CONNECTION_ERROR, _TRANSPORT_NOT_SECURE},
}

_REMEDIES = {
    Reason.ACCESS_DENIED: "grant the secret's user SELECT on the table, from the job's subnets, or mend the secret",
    Reason.DATABASE_MISSING: "set source.database to one that exists",
    Reason.TABLE_MISSING: "set source.table to a table or view that exists",
    Reason.COLUMN_MISSING: "add it, or read a view that has it",
    Reason.SERVER_BUSY: "try again when fewer are connected, or raise the server's or the user's limit",
    Reason.CONNECTION_LOST: "see the server's log; the job reads the table from its beginning when it is run again",
    Reason.HOST_UNREACHABLE: "check source.host and source.port, the database's security group and the subnets' routes",
    Reason.TLS_REFUSED: "the server must offer TLS 1.2 or newer with a certificate for source.host that "
    "AWS's roots for RDS, or those of source.caBundleKey, vouch for",
    Reason.SERVER_ERROR: "look the code up in the server's manual",
}


def named(error: Exception, address: str, credentials: Credentials) -> ExtractionError:
    """The reason behind what the driver raised while it spoke to the server at ``address``."""
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, _CUT):
        return _error(Reason.CONNECTION_LOST, f"{address} ended the connection ({type(cause).__name__})")
    if isinstance(cause, ssl.SSLError):
        detail = getattr(cause, "verify_message", "") or cause.reason or str(cause)
        return _error(Reason.TLS_REFUSED, f"{address} cannot be spoken to over TLS ({detail})")
    code, text = _code_and_text(error)
    reason = next((reason for reason, codes in _REASONS.items() if code in codes), Reason.SERVER_ERROR)
    if reason is Reason.ACCESS_DENIED:
        # The server's sentence names the user.
        return _error(reason, f"{address} refuses the user of the secret (error {code})")
    if reason is Reason.HOST_UNREACHABLE:
        return _error(reason, f"{address} cannot be reached ({_redacted(str(cause), credentials)})")
    return _error(reason, f"{address} answers: {_redacted(text, credentials)} (error {code})")


def _error(reason: Reason, problem: str) -> ExtractionError:
    return ExtractionError(reason, problem, _REMEDIES[reason])


def _code_and_text(error: Exception) -> "tuple[int, str]":
    """The driver's code, or the one that an error of the socket amounts to, and its sentence."""
    if isinstance(error, err.MySQLError) and len(error.args) > 1:
        return int(error.args[0]), str(error.args[1])
    # What breaks while rows are on their way: the socket, or a packet that ends too soon.
    lost = isinstance(error, (OSError, err.InterfaceError, err.OperationalError))
    return (CR.CR_SERVER_LOST if lost else 0), f"{type(error).__name__} {error}"


def _redacted(text: str, credentials: Credentials) -> str:
    for word in (credentials.password, credentials.user):
        text = text.replace(word, "…")
    return text
