package kiln

import java.io.{File, IOException}
import java.net.URI
import java.util.EnumSet

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{CreateFlag, DelegateToFileSystem, FSDataOutputStream, LocalFileSystem, Path}
import org.apache.hadoop.fs.Options.ChecksumOpt
import org.apache.hadoop.fs.permission.FsPermission
import org.apache.hadoop.util.Progressable
import org.apache.spark.SparkEnv

/**
 * The file system `file:` of Spark's processes (fs.file.impl). Every node of a cluster has a disk of its own: what
 * executors write there is on as many disks as there are workers, the driver commits what it finds on its own, and the
 * job succeeds with its rows lost. So executors write no file through it, and a driver starts no such job.
 * With spark.master=local all is one process, and nothing is refused.
 */
class NodeFiles extends LocalFileSystem {
  override def create(
      path: Path, permission: FsPermission, overwrite: Boolean, bufferSize: Int, replication: Short, blockSize: Long,
      progress: Progressable): FSDataOutputStream = {
    NodeFiles.checkFile(path, getConf)
    super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress)
  }

  override def create(
      path: Path, permission: FsPermission, flags: EnumSet[CreateFlag], bufferSize: Int, replication: Short,
      blockSize: Long, progress: Progressable, checksum: ChecksumOpt): FSDataOutputStream = {
    NodeFiles.checkFile(path, getConf)
    super.create(path, permission, flags, bufferSize, replication, blockSize, progress, checksum)
  }

  override def createNonRecursive(
      path: Path, permission: FsPermission, overwrite: Boolean, bufferSize: Int, replication: Short, blockSize: Long,
      progress: Progressable): FSDataOutputStream = {
    NodeFiles.checkFile(path, getConf)
    super.createNonRecursive(path, permission, overwrite, bufferSize, replication, blockSize, progress)
  }

  override def createNonRecursive(
      path: Path, permission: FsPermission, flags: EnumSet[CreateFlag], bufferSize: Int, replication: Short,
      blockSize: Long, progress: Progressable): FSDataOutputStream = {
    NodeFiles.checkFile(path, getConf)
    super.createNonRecursive(path, permission, flags, bufferSize, replication, blockSize, progress)
  }

  override def append(path: Path, bufferSize: Int, progress: Progressable): FSDataOutputStream = {
    NodeFiles.checkFile(path, getConf)
    super.append(path, bufferSize, progress)
  }

  override def mkdirs(path: Path): Boolean = {
    NodeFiles.checkFolder(path, getConf)
    super.mkdirs(path)
  }

  override def mkdirs(path: Path, permission: FsPermission): Boolean = {
    NodeFiles.checkFolder(path, getConf)
    super.mkdirs(path, permission)
  }
}

/**
 * The same for what goes through a FileContext (fs.AbstractFileSystem.file.impl): checkpoints of streaming queries.
 * On the driver, too: what it keeps there of a query is of no use without the state, which executors keep.
 */
class NodeFilesContext(uri: URI, conf: Configuration)
    extends DelegateToFileSystem(URI.create("file:///"), NodeFiles.unchecked(conf), conf, "file", false) {
  override def getUriDefaultPort: Int = -1

  override def isValidName(name: String): Boolean = true

  override def createInternal(
      path: Path, flags: EnumSet[CreateFlag], permission: FsPermission, bufferSize: Int, replication: Short,
      blockSize: Long, progress: Progressable, checksum: ChecksumOpt, createParent: Boolean): FSDataOutputStream = {
    NodeFiles.checkShared(path)
    super.createInternal(
      path, flags, permission, bufferSize, replication, blockSize, progress, checksum, createParent)
  }

  override def mkdir(path: Path, permission: FsPermission, createParent: Boolean): Unit = {
    NodeFiles.checkShared(path)
    super.mkdir(path, permission, createParent)
  }
}

object NodeFiles {
  /** What Hadoop's committers and Spark's streaming sink make first, on the driver, and nothing else makes. */
  private val OutputFolders = Set("_temporary", "_spark_metadata")
  private val Drivers = Set("driver", "<driver>")

  private[kiln] def unchecked(conf: Configuration): LocalFileSystem = {
    val files = new LocalFileSystem()
    files.initialize(URI.create("file:///"), conf)
    files
  }

  /** An executor creates a file; a driver's own are its own. */
  private[kiln] def checkFile(path: Path, conf: Configuration): Unit =
    if (onCluster.exists(isExecutor) && !isOwn(path) && !isBuffer(path, conf)) refuse(path)

  /** The folder that output begins with is made: by the driver first, and in S3A's buffer by executors alone. */
  private[kiln] def checkFolder(path: Path, conf: Configuration): Unit =
    if (path.toUri.getPath.split('/').exists(OutputFolders))
      onCluster.filterNot(env => isExecutor(env) && isBuffer(path, conf)).foreach(_ => refuse(path))

  /** Anybody writes what driver and executors both read. */
  private[kiln] def checkShared(path: Path): Unit =
    if (onCluster.nonEmpty && !isOwn(path)) refuse(path)

  private def isExecutor(env: SparkEnv): Boolean = !Drivers(env.executorId)

  private def onCluster: Option[SparkEnv] =
    Option(SparkEnv.get).filter(env => !env.conf.get("spark.master", "").startsWith("local"))

  /**
   * What no other process reads: the folders of this executor, which have random names, and the checkpoint of a query
   * that was given none, which ends with the query (Utils.createTempDir).
   */
  private def isOwn(path: Path): Boolean = {
    val executor = Option(System.getenv("SPARK_EXECUTOR_DIRS")).toSeq.flatMap(_.split(File.pathSeparator).toSeq)
    val query = new File(System.getProperty("java.io.tmpdir"), "temporary-")
    local(path).startsWith(query.getCanonicalPath) || isBelow(path, executor)
  }

  /** Staging committers keep a task's files there until they upload them; what commits them is on the default store. */
  private def isBuffer(path: Path, conf: Configuration): Boolean =
    isBelow(path, conf.getTrimmedStrings("fs.s3a.buffer.dir").toSeq)

  private def isBelow(path: Path, folders: Seq[String]): Boolean =
    folders.filter(_.nonEmpty).exists(folder => local(path).startsWith(new File(folder).getCanonicalPath + File.separator))

  private def local(path: Path): String = new File(path.toUri.getPath).getCanonicalPath

  private def refuse(path: Path): Unit = {
    val parts = path.toUri.getPath.split('/').takeWhile(part => !OutputFolders(part))
    throw new IOException(
      s"${parts.mkString("file:", "/", "")} is on the disk of one node, and each node of this cluster has its own: rows " +
        "that executors write there are lost. Write to the store instead, as s3a://BUCKET/PATH")
  }
}
