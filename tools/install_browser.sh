#!/bin/sh
# Debian's Chromium and its driver, which match each other, where they are missing and may be installed; else nothing.
# The tests of the page say what they did not find.
set -eu
if command -v chromium > /dev/null && command -v chromedriver > /dev/null; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo 'no Chromium here, and it may not be installed: the tests of the page in a browser are skipped'
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium chromium-driver > /dev/null ||
  echo 'Chromium could not be installed: the tests of the page in a browser are skipped'
