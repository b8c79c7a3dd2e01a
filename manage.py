#!/usr/bin/env python
"""Django's command line for PlantGov."""

import os
import sys

from django.core.management import execute_from_command_line

from plantgov.embedded.commandline import before_django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plantgov.settings")
    code = before_django(sys.argv[1:], os.environ)
    if code is not None:
        sys.exit(code)
    execute_from_command_line(sys.argv)
