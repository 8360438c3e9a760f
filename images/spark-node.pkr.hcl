# The bake, step by step. `kiln bake` runs this and shows its progress; it also works alone, in a project:
#
#   packer build -var lock=factory.lock.json images/
#
# Only Packer's built-in parts: nothing is downloaded to run it, and one build serves every platform
# (docs/decisions). Each step is skipped by its content: a layer that is in the cache is not built again.

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

variable "skip" {
  type        = set(string)
  description = "Layers without a step: kiln bake has found them in the cache, or leaves the last one to the assembly."
  default     = []
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

  # One provisioner: each is a process of Packer's. First the layers, from the rarest changed to the most often changed;
  # each is skipped when it is in the cache.
  provisioner "shell-local" {
    inline = [
      # The base system: Debian packages, kernel, initrd.
      contains(var.skip, "os") ? ":" : "${local.kiln} layer os --lock ${var.lock}",
      # Apache Spark.
      contains(var.skip, "spark") ? ":" : "${local.kiln} layer spark --lock ${var.lock}",
      # The S3A libraries, the AWS SDK, the committers for object stores.
      contains(var.skip, "hadoop") ? ":" : "${local.kiln} layer hadoop --lock ${var.lock}",
      # The team's conda environment.
      contains(var.skip, "conda") ? ":" : "${local.kiln} layer conda --lock ${var.lock}",
      # Extra Maven jars.
      contains(var.skip, "jars") ? ":" : "${local.kiln} layer jars --lock ${var.lock}",
      # kiln's own program and units on the node.
      contains(var.skip, "node") ? ":" : "${local.kiln} layer node --lock ${var.lock}",
      # The team's Python package.
      contains(var.skip, "code") ? ":" : "${local.kiln} layer code --lock ${var.lock}",
      # Layers to partitions to one raw disk, named by its sha256. A layer that is missing is built while the others
      # are read.
      "${local.kiln} assemble --lock ${var.lock}",
    ]
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
