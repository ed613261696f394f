"""The forms in which people have a connection string, made into the one that libpq takes; or what is wrong with it.

Frameworks, env files and hosting companies each have a dialect. What is right for another tool and means nothing here
is passed over; whatever bears on where a connection leads, or on how safe it is, is taken over or refused. No message
repeats a part of the text: any of it may be the password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pooljobs.db.dsn_parameters import SSL_MODES, translated
from pooljobs.errors import OptionError

EXAMPLE: Final = "for example postgresql://user:password@host:5432/database"
KEYWORDS: Final = "for example host=… port=5432 dbname=… user=… password=…"
ENCODE: Final = "percent-encode what is special in the user and the password: @ is %40, / is %2F, : is %3A, ? is %3F"
HIGHEST_PORT: Final = 65535

_QUOTES: Final = "'\"`"
_INVISIBLE: Final = "\ufeff\u200b"
_URL: Final = re.compile(r"(?is)(?:jdbc:)?(?P<scheme>[a-z][a-z0-9.-]*)(?:\+[a-z0-9_.-]+)?://(?P<rest>.*)")
_SCHEMES: Final = {"postgresql", "postgres", "pgsql", "postgis"}
_PORT: Final = re.compile(r"[0-9]{1,5}")
_ASSIGNMENT: Final = re.compile(r"(export\s+)?[A-Z][A-Z0-9_]*\s*=")
_VARIABLE: Final = re.compile(r"\$\{?\w+\}?$|%\w+%$|\{\{.*\}\}$")

_FAULTS: Final = {
    "percent-encoded token": ("a % in it is not followed by two hexadecimal digits", "a % itself is written %25"),
    "forbidden value %00": ("it has a NUL character in it", EXAMPLE),
    "unexpected spaces": ("there is a blank in it", "percent-encode it: a blank is %20"),
    "extra key/value separator": ("there is a = too many behind its ?", "in a parameter's value it is written %3D"),
    "IPv6": ("its IPv6 address is not closed", "write it in brackets: [::1]:5432"),
    "invalid connection option": ("one of its keywords is none of libpq's", KEYWORDS),
}
"""Libpq's findings in words of ours: its own quote the text."""


def normalized(text: str) -> str:
    """The connection string for libpq; empty if there is nothing but blanks and quotes.

    Raises:
        OptionError: It is none. Message and hint have not a word of it.
    """
    bare = unwrapped(text)
    if not bare:
        return ""
    _refuse_mistakes(bare)
    url = _URL.match(bare)
    plain = _url(url["scheme"].lower(), url["rest"]) if url else bare
    try:
        parts = conninfo_to_dict(plain)
    except (psycopg.Error, UnicodeError) as error:
        told = str(error)
        found = (fault for mark, fault in _FAULTS.items() if mark in told)
        message, hint = next(found, ("libpq does not understand it", ENCODE if url else EXAMPLE))
        raise OptionError(message, hint=hint) from None
    _check(parts)
    return plain


def unwrapped(text: str) -> str:
    """The text without the blanks, line breaks and quotes that env files and clipboards leave around it."""
    bare = text.strip().strip(_INVISIBLE).strip()
    while len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES:
        bare = bare[1:-1].strip()
    return bare


def _refuse_mistakes(bare: str) -> None:
    if "\0" in bare:
        raise OptionError("it has a NUL character in it", hint=EXAMPLE)
    if _VARIABLE.match(bare):
        hint = "see how the environment is set"
        raise OptionError("it is the name of a variable that nobody has filled in", hint=hint)
    if _ASSIGNMENT.match(bare):
        hint = "take away what stands before the first =, and the ="
        raise OptionError("it begins with the name of a variable", hint=hint)
    if bare.startswith("psql "):
        raise OptionError("it is a whole command line", hint="take psql away, and the quotes")
    if bare[0] in _QUOTES:
        raise OptionError("the quotation mark at its beginning has no other one at its end", hint=EXAMPLE)


def _url(scheme: str, rest: str) -> str:
    if scheme not in _SCHEMES:
        raise OptionError("its scheme is not PostgreSQL's", hint=EXAMPLE)
    if any(character < " " or character == "\x7f" for character in rest):
        hint = "write it on one line"
        raise OptionError("there is a line break or another control character in it", hint=hint)
    where = rest.partition("/")[0].find("@") + 1  # libpq, too, ends user and password at the first
    address, _, query = rest[where:].partition("?")
    if "@" in address:
        raise OptionError("an @ stands where none can", hint=ENCODE)
    try:
        parameters = "&".join(translated(query))
    except KeyError as unknown:
        raise _unknown(str(unknown.args[0]), query) from None
    return f"postgresql://{rest[:where]}{address}" + (f"?{parameters}" if parameters else "")


def _unknown(name: str, query: str) -> OptionError:
    """A parameter is named, unless it may be the end of a password with a ? or an & in it."""
    if "@" in query or "pass" in query.lower() or not re.fullmatch(r"[A-Za-z_]{2,40}", name):
        return OptionError("what follows its ? is none of libpq's parameters", hint=ENCODE)
    return OptionError(f"libpq has no parameter {name}", hint="take it away, or see what libpq calls it")


def _check(parts: Mapping[str, object]) -> None:
    for port in str(parts.get("port") or "").split(","):
        if port and not (_PORT.fullmatch(port) and 0 < int(port) <= HIGHEST_PORT):
            raise OptionError(f"its port is not a number from 1 to {HIGHEST_PORT}", hint=ENCODE)
    if (mode := parts.get("sslmode")) and mode not in SSL_MODES:
        raise OptionError("its sslmode is none of libpq's", hint=f"there are: {', '.join(SSL_MODES)}")
    host = str(parts.get("host") or "")
    if not host.startswith("/") and any(character.isspace() for character in host):
        raise OptionError("there is a blank in its host", hint=ENCODE)
