# The bake, step by step. `kiln bake` runs this and shows its progress; it also works alone, in a project:
#
#   packer build -var lock=factory.lock.json images/
#
# Only Packer's built-in parts: nothing is downloaded to run it, and one build serves every platform
# (docs/decisions). What is there already is not made again: a layer that is in the cache is not built.

variable "lock" {
  type        = string
  description = "The lock to bake, relative to the project."
  default     = "factory.lock.json"
}

variable "state" {
  type        = string
  description = "The project's state folder, where images go."
  default     = ".kiln"
}

locals {
  kiln = "${abspath(path.root)}/../bin/kiln"
}

source "null" "node" {
  communicator = "none"
}

build {
  name    = "spark-node"
  sources = ["source.null.node"]

  # One provisioner, for each is a process of Packer's: the layers of images/layers/*/layer.yaml that are not in the cache
  # are built, side by side, and put together as one raw disk, which is named by its sha256.
  provisioner "shell-local" {
    # By the environment: what is in a path is never read by the shell.
    environment_vars = ["KILN=${local.kiln}", "KILN_LOCK=${var.lock}"]
    inline           = ["\"$KILN\" assemble --lock \"$KILN_LOCK\""]
  }

  post-processors {
    post-processor "artifice" {
      files = ["${var.state}/latest/image.raw", "${var.state}/latest/record.json"]
    }
    post-processor "manifest" {
      output = "${var.state}/packer/manifest.json"
    }
  }
}
