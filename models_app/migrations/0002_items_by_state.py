"""One index finds a run's next item on both databases, however many of its items have ended."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("models_app", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="runitem", name="open_items"),
        migrations.RemoveIndex(model_name="runitem", name="items_of_a_run_by_state"),
        migrations.AddIndex(
            model_name="runitem",
            index=models.Index(fields=["run", "state", "key"], name="items_of_a_run_by_state"),
        ),
        migrations.AlterField(
            model_name="runitem",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="models_app.run",
            ),
        ),
    ]
