"""How static files are named when they are collected."""

from collections.abc import Iterator, Mapping
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

NOT_SERVED = "django_htmx/"  # the package's own scripts import each other by names that nothing resolves


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names by content, also inside JavaScript: a module imported under two names would run twice."""

    support_js_module_import_aggregation = True

    def post_process(self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Leave alone what no page loads."""
        served = {name: path for name, path in paths.items() if not name.startswith(NOT_SERVED)}
        yield from super().post_process(served, dry_run=dry_run, **options)
