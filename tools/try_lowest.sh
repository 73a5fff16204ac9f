#!/bin/sh
# Installs the lowest versions that pyproject.toml allows in an environment of their own, and runs tests in it.
# try_lowest.sh PROGRAMS: the directory of the programs of an environment that has pip.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1/pip" install --quiet uv
"$1/uv" pip compile --quiet --resolution lowest-direct --extra dev pyproject.toml --output-file "$folder/lowest.txt"
# Not torch: what pip finds for its lowest version may be a build of gigabytes. The one at hand is borrowed.
grep -vE '^(torch|nvidia-|triton)' "$folder/lowest.txt" > "$folder/without-torch.txt"
"$1/python" -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet --no-deps --requirement "$folder/without-torch.txt"
"$folder/environment/bin/pip" install --quiet --no-deps .
site=$("$1/python" -c "import sysconfig; print(sysconfig.get_path('purelib'))")
echo "$site" > "$(echo "$folder"/environment/lib/*/site-packages)/borrowed.pth"  # after the environment's own
# Plugins by name: those of the borrowed packages are of other versions.
PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "$folder/environment/bin/python" -m pytest -q -p pytest_timeout -p _hypothesis_pytestplugin tests/test_api.py tests/test_translator.py tests/cli tests/laws
