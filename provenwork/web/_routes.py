"""Routes that take exactly what they say: JSON read strictly, no unknown field, no unknown or repeated parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from email.message import Message
from typing import Any, Final, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, TypeAdapter

from provenwork.core.errors import MediaTypeUnsupported, ValidationFailed
from provenwork.web._json import read_json

__all__ = ["Model", "Router", "StrictRoute", "validation_failed"]

_MOST_FIELDS: Final = 20
_LONGEST_REASON: Final = 200
_LONGEST_MEDIA_TYPE: Final = 200


class Model(BaseModel):
    """What bodies are made from: unknown fields are refused, and nothing is turned from one type into another.

    Amounts are decimal strings: `str` with a pattern, or a type of one's own.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Parsed(Request):
    """A request whose body has been read as JSON."""

    parsed: Any = None

    async def json(self) -> Any:
        return self.parsed


class StrictRoute(APIRoute):
    """A route of a service.

    Raises:
        TypeError: Its body has a model that takes unknown fields.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers the route's requests."""
        handler = super().get_route_handler()
        parameters = _query_parameters(self)
        takes_body = self.body_field is not None
        if self.body_field is not None:
            _require_strict(self.path, self.body_field.field_info.annotation)

        async def strict(request: Request) -> Response:
            _require_parameters(request, parameters)
            if takes_body:
                request = _Parsed(request.scope, request.receive)
                body = await request.body()
                if body:
                    _require_media_type(request.headers.get("content-type", ""))
                    request.parsed = read_json(body)
            return await handler(request)

        return strict


class Router(APIRouter):
    """Where a service's routes are written down: `@router.post("/jobs")`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=StrictRoute, redirect_slashes=False, **options)


def _query_parameters(route: APIRoute) -> Mapping[str, bool]:
    """The names that may stand in the query, and whether they may be repeated."""
    found = {}
    for field in get_flat_params(route.dependant):
        if field.field_info.__class__.__name__ == "Query":
            origin = get_origin(field.field_info.annotation)
            found[field.alias] = origin in (list, tuple, set, frozenset, Sequence)
    return found


def _require_parameters(request: Request, parameters: Mapping[str, bool]) -> None:
    wrong = {}
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in parameters:
            wrong[f"query.{name[:40]}"] = "there is no such parameter"
        elif not parameters[name] and count > 1:
            wrong[f"query.{name}"] = "said twice"
        if len(wrong) >= _MOST_FIELDS:
            break
    if wrong:
        raise ValidationFailed(_sentence(wrong), fields=wrong)


def _require_media_type(value: str) -> None:
    header = Message()
    # Python's parser takes time with the square of the length of a quoted parameter.
    header["content-type"] = value if len(value) <= _LONGEST_MEDIA_TYPE else ""
    charset = str(header.get_param("charset", "utf-8")).lower()
    if header.get_content_type() != "application/json" or charset not in ("utf-8", "utf8"):
        raise MediaTypeUnsupported(
            "the body is not said to be JSON", hint="Send Content-Type: application/json."
        )


def _require_strict(path: str, annotation: Any) -> None:
    schema = TypeAdapter(annotation).json_schema()
    for part in [schema, *schema.get("$defs", {}).values()]:
        if "properties" in part and part.get("additionalProperties") is not False:
            raise TypeError(
                f"{path}: {part.get('title')} takes unknown fields; make it a web.Model"
            )


def validation_failed(error: RequestValidationError) -> ValidationFailed:
    """What FastAPI found, as an error of ours: each field with what is wrong with it, and without what was sent."""
    wrong = {}
    for found in error.errors()[:_MOST_FIELDS]:
        place = ".".join(str(step)[:40] for step in found["loc"])
        # Some messages repeat what was sent.
        wrong[place] = found["msg"][:_LONGEST_REASON]
    return ValidationFailed(_sentence(wrong), fields=wrong)


def _sentence(wrong: Mapping[str, str]) -> str:
    place, reason = next(iter(wrong.items()))
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return f"{place}: {reason}{more}"
