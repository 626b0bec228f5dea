#include "tests/e2e/containerd.h"

#include <sys/utsname.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/e2e/machine.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartPatience = absl::Seconds(60);

// Scores of the out-of-memory killer can't be lowered by everybody who is root; not every kernel has
// hugetlb's controller. The native snapshotter needs no overlayfs below /tmp.
constexpr char kConfig[] = R"(version = 2
root = "FOLDER/root"
state = "FOLDER/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "FOLDER/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "IMAGE"
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "FOLDER/runc"
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "FOLDER/cni"
)";

constexpr char kCniConfig[] = R"({"cniVersion": "0.4.0", "name": "NETWORK", "plugins": [
  {"type": "bridge", "bridge": "BRIDGE", "ipam":
    {"type": "host-local", "dataDir": "FOLDER/ipam", "ranges": [[{"subnet": "10.77.0.0/24"}]]}}]}
)";

// In the form that `docker save` writes: the only digest in it is the layer's.
constexpr char kMakeImage[] = R"(set -e
cd FOLDER/image
tar --owner=0 --group=0 --numeric-owner -C root -cf layer.tar .
digest=$(sha256sum layer.tar | cut -d' ' -f1)
printf '{"architecture":"ARCHITECTURE","os":"linux","config":{"Cmd":["PROGRAM"]},' > config.json
printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$digest" >> config.json
printf '[{"Config":"config.json","RepoTags":["IMAGE"],"Layers":["layer.tar"]}]' > manifest.json
tar -cf image.tar manifest.json config.json layer.tar
ctr --address SOCKET --namespace k8s.io images import --snapshotter native image.tar
)";

std::string Fill(absl::string_view text) {
  utsname machine = {};
  uname(&machine);
  return absl::StrReplaceAll(text, {{"FOLDER", kFolder},
                                    {"SOCKET", kSocket},
                                    {"IMAGE", kImage},
                                    {"NETWORK", kNetwork},
                                    {"BRIDGE", kBridge},
                                    {"PROGRAM", kImageProgram},
                                    {"ARCHITECTURE", machine.machine}});
}

void WriteFile(const std::string& name, const std::string& content) {
  const fs::path path = absl::StrCat(kFolder, "/", name);
  fs::create_directories(path.parent_path());
  std::ofstream file(path);
  file << content;
  if (!file.flush()) Die(absl::StrCat("write ", path.string()));
}

void ImportImage(const Cri& cri) {
  const std::string root = absl::StrCat(kFolder, "/image/root");
  fs::create_directories(root);
  fs::copy_file(LISTENQ_POD_PROGRAM, absl::StrCat(root, kImageProgram));
  const Finished import = RunProgram({"/bin/sh", "-c", Fill(kMakeImage)});
  if (import.code != 0) Die(absl::StrCat("import image: ", import.errors));
  // The CRI plugin learns of it by an event.
  if (!WaitUntil([&] { return cri.HasImage(kImage).value_or(false); })) Die("import image: not in the CRI");
}

}  // namespace

Containerd::Containerd() : cri_(kEndpoint) {
  MakeFolder();
  WriteFile("config.toml", Fill(kConfig));
  WriteFile("cni/10-lqt.conflist", Fill(kCniConfig));
  Start();
  ImportImage(cri_);
}

void Containerd::Start() {
  program_ = std::make_unique<Program>(std::vector<std::string>{"/usr/bin/env", "containerd", "--config",
                                                                absl::StrCat(kFolder, "/config.toml")});
  const absl::Status status = cri_.AwaitAnswer(kStartPatience);
  if (!status.ok()) Die(absl::StrCat("start containerd: ", status.message(), "\n", program_->Errors()));
}

void Containerd::Kill() {
  program_->Signal(SIGKILL);
  if (!program_->Wait(kPatience).has_value()) Die("kill containerd: it does not end");
}

}  // namespace listenq::test
