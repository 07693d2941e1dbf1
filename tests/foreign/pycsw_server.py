# SPDX-License-Identifier: Apache-2.0
"""A stock pycsw over a folder of ISO records, for the harvester's tests. Runs in `.venv-foreign`: FOLDER RECORDS PORT."""

import os
import sys
import types
from pathlib import Path
from wsgiref.simple_server import make_server

resources = types.ModuleType("pkg_resources")
resources.require = lambda *_: [types.SimpleNamespace(version="2.6.2")]
sys.modules.setdefault("pkg_resources", resources)
try:
    import cgi  # noqa: F401  (gone in Python 3.13; pycsw imports it)
except ImportError:
    sys.modules["cgi"] = types.ModuleType("cgi")

from pycsw.core import admin, config  # noqa: E402

folder, records, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
database = f"sqlite:///{folder / 'records.db'}"
admin.setup_db(database, "records", str(folder))
admin.load_records(config.StaticContext(), database, "records", records, True, False)
contact = "\n".join(
    f"{name}=x"
    for name in [
        "identification_title",
        "identification_abstract",
        "identification_keywords",
        "identification_fees",
        "identification_accessconstraints",
        "provider_name",
        "contact_name",
        "contact_position",
        "contact_address",
        "contact_city",
        "contact_stateorprovince",
        "contact_postalcode",
        "contact_country",
        "contact_phone",
        "contact_fax",
        "contact_email",
        "contact_hours",
        "contact_instructions",
    ]
)
(folder / "default.cfg").write_text(
    f"""[server]
home={folder}
url=http://127.0.0.1:{port}/
mimetype=application/xml; charset=UTF-8
encoding=UTF-8
language=en-US
maxrecords=5
loglevel=ERROR
logfile={folder / "log"}
profiles=apiso
[manager]
transactions=false
allowed_ips=127.0.0.1
[metadata:main]
identification_keywords_type=theme
provider_url=http://127.0.0.1/
contact_url=http://127.0.0.1/
contact_role=pointOfContact
{contact}
[repository]
database={database}
table=records
"""
)
os.environ["PYCSW_CONFIG"] = str(folder / "default.cfg")
from pycsw.wsgi import application  # noqa: E402

make_server("127.0.0.1", port, application).serve_forever()
