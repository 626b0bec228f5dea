#!/bin/bash
# Builds the images and tests them; 77 where either can't be done here.
#
# usage: image_test.sh FOLDER   (for the archives)
set -euo pipefail
folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

"${folder}/build.sh" "$1"
"${folder}/image_test.py" "$1"
