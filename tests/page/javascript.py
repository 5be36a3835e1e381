"""The page's modules that import nothing, run by Node.

evaluate("shapley.js", "m.plan(…)", given)    what an expression over the module `m` and the value `given` comes to
"""

import base64
import json
import subprocess
from typing import Any

from app.page.assets import STATIC
from tests.support.tools import tool


def evaluate(module: str, expression: str, given: Any = None) -> Any:
    """Return the value of a JavaScript expression as JSON has it."""
    source = base64.b64encode((STATIC / module).read_bytes()).decode()
    code = f"import * as m from 'data:text/javascript;base64,{source}';\nconst given = {json.dumps(given)};\n"
    code += f"console.log(JSON.stringify({expression}));"
    done = subprocess.run(
        [tool("node"), "--input-type=module"], input=code, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
