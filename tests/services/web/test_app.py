"""Putting a service together: what would take more than it says does not start, and the page about it is true."""

import os
import re
import subprocess
import sys

import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from provenwork.store import forget_full_buckets
from provenwork.web import Model, Router, Service, WebSettings, create_app
from provenwork.web._app import _forget_all
from tests.services.store.harness import ROOT, ask
from tests.services.web.test_problems import STATUSES

pytestmark = pytest.mark.anyio

PAGE = (ROOT / "docs/API.md").read_text()


class Loose(BaseModel):
    """Takes unknown fields."""

    a: int


class Outer(Model):
    """Strict outside, loose inside."""

    inner: list[Loose]


async def test_tidying_keeps_up(database, url):
    """However many buckets of many addresses became full since the last time, none of them is left."""
    ask(
        url,
        "INSERT INTO rate_buckets (bucket, tokens, refilled_at, full_at)"
        " SELECT lpad(n::text, 32, '0'), 1, now(), now() - interval '1 s' FROM generate_series(1, 2500) AS n",
    )
    await _forget_all(database, forget_full_buckets)
    assert ask(url, "SELECT count(*) FROM rate_buckets") == [(0,)]


async def test_what_services_must_be(database):
    """A router of another kind, and a body that takes unknown fields however deep, is refused when the service starts."""
    with pytest.raises(TypeError, match=r"not a web\.Router"):
        create_app(Service(name="x", version="1", routers=[APIRouter()]), database, WebSettings())
    for model in (Loose, Outer):
        router = Router()
        with pytest.raises(TypeError, match="/loose: Loose takes unknown fields"):

            @router.post("/loose")
            async def loose(body: model) -> None: ...


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("ORIGINS", "jobs.example"),
        ("ORIGINS", "https://jobs.example/"),
        ("PROXIES", "10.0.0.1/8"),
        ("PROXIES", "everybody"),
        ("BODY_LIMIT", "0"),
        ("RATE_PER_ADDRESS", "-1"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_wrong_settings(name, value):
    """A setting that makes no sense is refused by its name."""
    with pytest.raises(ValidationError, match=name.lower()):
        WebSettings(**{name.lower(): value})


def test_settings_from_the_environment():
    """Settings are read from the environment, lists with commas."""
    program = "from provenwork.web import WebSettings; s = WebSettings(); print(s.port, s.proxies, s.origins)"
    environment = os.environ | {
        "PROVENWORK_PORT": "9000",
        "PROVENWORK_PROXIES": "10.0.0.0/8, 2001:db8::/32",
        "PROVENWORK_ORIGINS": "https://a.example",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "9000 ('10.0.0.0/8', '2001:db8::/32') ('https://a.example',)"


def test_page_names_every_setting():
    """The page has every setting with its default."""
    rows = re.findall(r"^\| (`PROVENWORK_[^|]+) \|([^|]*)\|", PAGE, re.MULTILINE)
    said = {}
    for names, defaults in rows:
        names = re.findall(r"PROVENWORK_(\w+)", names)
        values = re.findall(r"`([^`]*)`", defaults) or [""]
        said |= zip(names, values, strict=True)
    known = {}
    for name, field in WebSettings.model_fields.items():
        default = field.default
        if isinstance(default, tuple):
            default = ",".join(default)
        known[name.upper()] = f"{default:g}" if isinstance(default, float) else str(default)
    assert said == known


def test_page_names_every_type():
    """The page has every type of problem with its statuses."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([\d, ]+) \|", PAGE, re.MULTILINE)
    assert {kind: {int(code) for code in codes.split(", ")} for kind, codes in rows} == STATUSES
