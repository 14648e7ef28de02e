"""Pipelines, runs, predictions."""

from django.apps import AppConfig


class ModelsAppConfig(AppConfig):
    """Pipelines, runs, predictions."""

    name = "models_app"
    verbose_name = "Pipelines, runs, predictions"

    def ready(self) -> None:
        """Offer what runs gave among the exports; delete the scripts of what is withdrawn."""
        from annotator.actions.videos import on_withdrawal  # models can be loaded only now
        from annotator.exports.catalogue import offer
        from annotator.models import Seen
        from models_app.actions.scripts import delete_scripts, empty_exchanges, empty_remarks
        from models_app.exports.runs import predictions_table, scripts_table

        offer("predictions", predictions_table, shows=Seen.PREDICTIONS)
        offer("scripts", scripts_table, shows=Seen.SCRIPT)
        on_withdrawal(delete_scripts)
        on_withdrawal(empty_exchanges)
        on_withdrawal(empty_remarks)
