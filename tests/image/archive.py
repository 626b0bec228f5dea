"""Reads an image from an OCI archive (image-spec v1: layout, manifest, layers)."""

import json
import os
import pathlib
import subprocess
import tarfile


class Image:
    def __init__(self, path, reference, config, layers, compressed_size):
        self.path = path
        self.reference = reference
        self.config = config
        self.compressed_size = compressed_size
        self.root = None
        self._layers = layers

    def unpack(self, root):
        """Makes its root folder. Layers of ours only add."""
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True)
        for layer in self._layers:
            with tarfile.open(self.path) as outer, tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                removed = [name for name in inner.getnames() if os.path.basename(name).startswith(".wh.")]
                if removed:
                    raise ValueError(f"a layer takes away: {removed}")
                inner.extractall(self.root, numeric_owner=True)

    def files(self):
        """Paths below the root folder, without folders."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if path.is_symlink() or not path.is_dir())

    def unpacked_size(self):
        return sum((self.root / name).lstat().st_size for name in self.files())


def read(path):
    with tarfile.open(path) as outer:

        def blob(digest):
            return outer.extractfile(name_of(digest)).read()

        index = json.load(outer.extractfile("index.json"))
        (entry,) = index["manifests"]
        manifest = json.loads(blob(entry["digest"]))
        config = json.loads(blob(manifest["config"]["digest"]))
    reference = entry["annotations"]["org.opencontainers.image.ref.name"]
    layers = [name_of(layer["digest"]) for layer in manifest["layers"]]
    compressed_size = sum(layer["size"] for layer in manifest["layers"])
    return Image(path, reference, config["config"], layers, compressed_size)


def name_of(digest):
    return "blobs/" + digest.replace(":", "/")
