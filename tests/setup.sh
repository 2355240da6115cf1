#!/usr/bin/env bash
# What the tests need beside Python packages: a Chromium and a Chinese font for the browser tests, strace for the order
# of fsync and answer, Dovecot for mailboxes.
# Installs them through apt where that is possible; says what is missing otherwise.
set -u
missing=()
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
command -v strace >/dev/null 2>&1 || missing+=(strace)
command -v dovecot >/dev/null 2>&1 || missing+=(dovecot-imapd)
fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The tests start servers of their own; none may start by itself only because it is installed.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq && apt-get install -y -qq --no-install-recommends fontconfig "${missing[@]}" >/dev/null && exit 0
fi
echo "cannot install ${missing[*]} here: tests that need them will be NOT RUN" >&2
