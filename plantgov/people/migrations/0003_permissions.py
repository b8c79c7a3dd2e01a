"""Opening and closing accounts are rights of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0002_guard")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "ordering": ["username"],
                "permissions": [
                    ("open_account", "Open accounts and give out links to set a password"),
                    ("close_account", "Close accounts"),
                ],
            },
        ),
    ]
