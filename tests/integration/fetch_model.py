"""scripts/fetch-model.sh without a network: what is right stays, what is wrong is named, nothing half-made is left."""
import os
import shutil
import subprocess

from _eml import ROOT, Place, equal, expect, main, need_model

SCRIPT = os.path.join(ROOT, "scripts", "fetch-model.sh")
# pip finds no package anywhere, at once.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/nonexistent", "PIP_CONFIG_FILE": os.devnull}


def fetch(*words):
    return subprocess.run(["bash", SCRIPT, *words], capture_output=True, text=True, env={**os.environ, **OFFLINE})


def refused(code, word, *words):
    run = fetch(*words)
    last = run.stderr.strip().split("\n")[-1]
    equal(run.returncode, code, run.stderr)
    expect(last.startswith("fetch-model.sh: ") and word in last, f"'{word}' is not in: {run.stderr}")


def copy_of_model(place):
    path = place.path("minilm")
    shutil.copytree(need_model(), path, copy_function=os.link if same_device(place) else shutil.copy)
    return path


def same_device(place):
    return os.stat(need_model()).st_dev == os.stat(place.dir).st_dev


def test_wrong_use():
    refused(2, "use:")
    refused(2, "use:", "minilm")
    refused(2, "no model is called", "bert", "/tmp/x")
    refused(2, "unknown option", "minilm", "/tmp/x", "--fast")
    refused(2, "one folder", "minilm", "/tmp/x", "/tmp/y")


def test_no_package_leaves_nothing():
    with Place() as place:
        refused(1, "pip: ", "minilm", place.path("sub", "minilm"))
        equal(os.listdir(place.path("sub")), [])


def test_a_folder_of_other_files_is_left_alone():
    with Place() as place:
        place.write("mine.txt", "x")
        refused(1, "mine.txt", "minilm", place.dir)
        refused(1, "no folder", "minilm", place.path("mine.txt"))
        equal(os.listdir(place.dir), ["mine.txt"])


def test_a_folder_that_cannot_be_made():
    refused(1, "cannot make", "minilm", "/proc/none/minilm")


def test_a_right_folder_needs_no_network():
    with Place() as place:
        path = copy_of_model(place)
        run = fetch("minilm", path)
        equal((run.returncode, run.stderr), (0, ""))


def test_a_damaged_folder_is_noticed_and_kept():
    with Place() as place:
        path = copy_of_model(place)
        config = os.path.join(path, "config.json")
        os.unlink(config)  # it may be a link to the real one
        place.write("minilm/config.json", "{}")
        refused(1, "pip: ", "minilm", path)
        equal(open(config).read(), "{}")
        equal(os.listdir(place.dir), ["minilm"])


main()
