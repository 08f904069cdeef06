"""Bring a service's database to the schema its code expects.

A service package holds `migrations/versions/NNNN_pre_slug.py` and `NNNN_post_slug.py`: ordinary Alembic scripts
whose `revision` is the four digits, in one line without branches. `pre` runs before the code that needs it is
deployed and must suit the code before; `post` runs when no old code is left. There is no `env.py` and no ini file.
"""

from hotline_chassis.migrations.drift import drift
from hotline_chassis.migrations.runner import MigrationMisnamed, SchemaIsNewer, is_migrated, migrate

__all__ = ["MigrationMisnamed", "SchemaIsNewer", "drift", "is_migrated", "migrate"]
