"""Holds real answers of the API against its own OpenAPI description."""

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

ITSELF = "/api/v1/openapi.json"
PROBLEM = "application/problem+json"


class Conformance:
    """One OpenAPI document, ready to judge answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.routes = [(re.compile(re.sub(r"\\\{.+?\\\}", "[^/]+", re.escape(path))), path) for path in document["paths"]]
        self.routes.sort(key=lambda route: route[1].count("{"))
        self.validator = cache(self._validator)

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail when the answer is not what the document tells of this call. The document does not tell of itself."""
        if path == ITSELF:
            return
        operation = self._operation("get" if method == "HEAD" else method.lower(), path)
        if operation is None:
            assert answer.status_code in (404, 405), f"{method} {path} answers {answer.status_code} and is described nowhere"
            return
        status = str(answer.status_code)
        assert status in operation["responses"], f"{method} {path} answers {status}, which its description does not tell"
        told = self._resolved(operation["responses"][status])
        assert "X-Request-ID" in answer.headers
        if "content" not in told or method == "HEAD":
            assert answer.data == b"", f"{method} {path} answers {status} with a body"
            return
        assert (answer.mimetype == PROBLEM) is (answer.status_code >= 400)
        assert answer.mimetype in told["content"], f"{method} {path} answers {answer.mimetype}, which is described nowhere"
        schema = told["content"][answer.mimetype]["schema"]
        if "$ref" not in schema:
            assert schema == {"type": "string"}
            return
        faults = [f"{error.json_path}: {error.message}" for error in self.validator(schema["$ref"]).iter_errors(answer.json)]
        assert not faults, f"{method} {path} answers {status} in another shape than described: {faults[:5]}"

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        fitting = [self.document["paths"][template] for pattern, template in self.routes if pattern.fullmatch(path)]
        return next((methods[method] for methods in fitting if method in methods), None)

    def _resolved(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in answer:
            return self.document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        return answer

    def _validator(self, reference: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": reference, "components": self.document["components"]})
