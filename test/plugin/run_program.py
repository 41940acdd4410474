"""Brings a Python program up on the real engine, and prints what became of it as JSON.

Arguments: the program, a folder with a project's Pulumi.yaml to work in, the folder of Pulumi's bin/. The Automation
API runs the program in this process, since Pulumi's language host for Python comes with a whole Pulumi alone.
"""

import json
import runpy
import sys

from pulumi import automation

program, directory, pulumi_root = sys.argv[1:]
command = automation.PulumiCommand(root=pulumi_root, skip_version_check=True)
stack = automation.create_or_select_stack(
    "test",
    project_name="fraud-python",
    program=lambda: runpy.run_path(program) and None,
    opts=automation.LocalWorkspaceOptions(work_dir=directory, pulumi_command=command),
)
try:
    done = stack.up(color="never", suppress_progress=True)
except automation.errors.CommandError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
resources = stack.export_stack().deployment["resources"]
print(
    json.dumps(
        {
            "outputs": {name: {"value": out.value, "secret": out.secret} for name, out in done.outputs.items()},
            "resources": [
                {"type": resource["type"], "urn": resource["urn"], "parent": resource.get("parent")}
                for resource in resources
            ],
        }
    )
)
