"""Runs one thing of every part of Spark that a node must have, inside an image; the answers as JSON.

exercise.py FOLDER, with FOLDER empty and writable.
"""

import json
import sys
import urllib.request
from pathlib import Path

import pandas as pd
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.clustering import KMeans
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

folder = Path(sys.argv[1])
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.sql.catalogImplementation", "hive")
    .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    .config("spark.hadoop.javax.jdo.option.ConnectionURL", f"jdbc:derby:{folder}/metastore;create=true")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.ui.port", "0")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.compress", "true")
    .config("spark.eventLog.compression.codec", "zstd")
    .config("spark.eventLog.dir", folder.as_uri())
    .config(
        "spark.sql.streaming.stateStore.providerClass",
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    )
    .config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
    .config("spark.connect.grpc.binding.address", "127.0.0.1")
    .config("spark.authenticate", "true")
    .config("spark.authenticate.secret", "exercise")
    .getOrCreate()
)
jvm = spark.sparkContext._jvm
rows = spark.range(1000).select("id", (f.col("id") % 7).alias("k"), f.col("id").cast("string").alias("s"))


def sums(frame: DataFrame) -> list[int]:
    found = frame.selectExpr("count(*) n", "sum(cast(id as bigint)) t").collect()[0]
    return [found["n"], found["t"]]


def formats() -> dict[str, list[int]]:
    answers = {}
    for format, codec in [
        ("parquet", "snappy"), ("parquet", "zstd"), ("parquet", "lz4_raw"), ("parquet", "gzip"),
        ("orc", "zlib"), ("orc", "snappy"), ("orc", "zstd"), ("orc", "lz4"),
        ("csv", "gzip"), ("json", "bzip2"), ("json", "lz4"),
    ]:  # fmt: skip
        path = str(folder / f"{format}-{codec}")
        rows.write.format(format).option("compression", codec).save(path)
        answers[f"{format} {codec}"] = sums(spark.read.schema(rows.schema).format(format).load(path))
    return answers


def shuffles() -> dict[str, int]:
    """The codecs of shuffle and broadcast."""
    answers = {}
    for codec in ["lz4", "snappy", "zstd", "lzf"]:
        stream = jvm.org.apache.spark.io.CompressionCodec.createCodec(
            spark.sparkContext._jsc.sc().conf(), codec
        )
        out = jvm.java.io.ByteArrayOutputStream()
        packed = stream.compressedOutputStream(out)
        packed.write(bytearray(b"kiln" * 1000))
        packed.close()
        source = jvm.java.io.ByteArrayInputStream(out.toByteArray())
        answers[codec] = len(stream.compressedInputStream(source).readAllBytes())
    return answers


def hive() -> list[list[int]]:
    rows.write.format("orc").saveAsTable("plain")
    spark.sql("create table hived (id bigint, s string) partitioned by (k bigint) stored as orc")
    spark.conf.set("hive.exec.dynamic.partition.mode", "nonstrict")
    rows.select("id", "s", "k").write.mode("append").insertInto("hived")
    spark.sql("create table texted stored as textfile as select id from plain where k = 3")
    return [sums(spark.table(t)) for t in ("plain", "hived", "texted")]


def windows() -> object:
    rows.createOrReplaceTempView("rows")
    query = "select sum(r) t from (select row_number() over (partition by k order by id desc) r from rows)"
    return spark.sql(query).collect()[0]["t"]


def pandas_udf() -> list[float]:
    @f.pandas_udf("double")  # type: ignore[untyped-decorator]
    def half(values: pd.Series) -> pd.Series:
        return values / 2

    grouped = rows.groupBy("k").applyInPandas(
        lambda part: pd.DataFrame({"k": part.k[:1], "n": [len(part)]}), "k long, n long"
    )
    spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
    return [rows.select(f.sum(half("id"))).collect()[0][0], int(grouped.toPandas().n.sum())]


def rocksdb() -> list[object]:
    source = str(folder / "parquet-snappy")
    query = (
        spark.readStream.schema(rows.schema).parquet(source).groupBy("k").count()
        .writeStream.outputMode("complete").format("memory").queryName("counted")
        .option("checkpointLocation", str(folder / "checkpoint")).trigger(availableNow=True).start()
    )  # fmt: skip
    query.awaitTermination()
    provider = query.lastProgress["stateOperators"][0]["customMetrics"]
    total = spark.sql("select sum(count) t from counted").collect()[0]["t"]
    return [total, any(name.startswith("rocksdb") for name in provider)]


def mllib() -> list[object]:
    data = [(float(i % 2), Vectors.dense([i % 2 * 10 + i / 100, 1.0])) for i in range(100)]
    points = spark.createDataFrame(data, ["label", "features"])
    regression = LogisticRegression(maxIter=5).fit(points)
    clusters = KMeans(k=2, seed=1).fit(points)
    right = regression.transform(points).where("label = prediction").count()
    centers = sorted(round(float(center[0]), 2) for center in clusters.clusterCenters())
    path = str(folder / "model")
    regression.save(path)
    return [right, centers, (folder / "model").is_dir()]


def graphx() -> list[int]:
    """PageRank needs a Scala caller; its graph is loaded from an edge list and counted."""
    (folder / "edges").write_text("".join(f"{i} {(i + 1) % 10}\n" for i in range(10)))
    level = jvm.org.apache.spark.storage.StorageLevel.MEMORY_ONLY()
    graph = jvm.org.apache.spark.graphx.GraphLoader.edgeListFile(
        spark.sparkContext._jsc.sc(), str(folder / "edges"), False, 2, level, level
    )
    return [graph.vertices().count(), graph.edges().count()]


def connect() -> int:
    """A query over gRPC to the Connect server in this JVM, as a client of its own would send it."""
    proto = jvm.org.apache.spark.connect.proto
    builder = jvm.org.sparkproject.connect.grpc.netty.NettyChannelBuilder
    channel = builder.forAddress("127.0.0.1", 15002).usePlaintext().build()
    query = proto.SQL.newBuilder().setQuery("select id from range(42)")
    plan = proto.Plan.newBuilder().setRoot(proto.Relation.newBuilder().setSql(query))
    request = (
        proto.ExecutePlanRequest.newBuilder()
        .setSessionId(jvm.java.util.UUID.randomUUID().toString())
        .setUserContext(proto.UserContext.newBuilder().setUserId("exercise"))
        .setPlan(plan).build()
    )  # fmt: skip
    answers = proto.SparkConnectServiceGrpc.newBlockingStub(channel).executePlan(request)
    count = 0
    while answers.hasNext():
        answer = answers.next()
        if answer.hasArrowBatch():
            count += answer.getArrowBatch().getRowCount()
    channel.shutdownNow()
    return count


def natives() -> dict[str, bool]:
    return {
        "epoll": jvm.io.netty.channel.epoll.Epoll.isAvailable(),
        "openssl": jvm.io.netty.handler.ssl.OpenSsl.isAvailable(),
    }


def sdk() -> list[str]:
    """Clients of every service that S3A can be configured to call, and its providers of credentials."""
    aws = jvm.software.amazon.awssdk
    region = aws.regions.Region.of("eu-west-1")
    keys = aws.auth.credentials.AnonymousCredentialsProvider.create()
    services = aws.services
    made = []
    for client in (
        services.s3.S3Client, services.s3.S3AsyncClient, services.sts.StsClient, services.kms.KmsClient,
        services.sso.SsoClient, services.ssooidc.SsoOidcClient, services.s3control.S3ControlClient,
    ):  # fmt: skip
        built = client.builder().region(region).credentialsProvider(keys).build()
        made.append(built.serviceName())
        built.close()
    for provider in (
        "auth.AssumedRoleCredentialProvider", "auth.IAMInstanceCredentialsProvider",
        "auth.ProfileAWSCredentialsProvider", "SimpleAWSCredentialsProvider",
        "TemporaryAWSCredentialsProvider",
    ):  # fmt: skip
        jvm.java.lang.Class.forName(f"org.apache.hadoop.fs.s3a.{provider}")
    return made


def ui() -> int:
    with urllib.request.urlopen(f"{spark.sparkContext.uiWebUrl}/api/v1/applications") as page:  # noqa: S310
        return len(json.load(page))


def memory() -> int:
    status = Path(f"/proc/{jvm.java.lang.ProcessHandle.current().pid()}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


answers: dict[str, object] = {}
for part in (formats, shuffles, hive, windows, pandas_udf, rocksdb, mllib, graphx, connect, natives, sdk, ui):
    try:
        answers[part.__name__] = part()
    except Exception as error:  # every part that fails is told, not only the first
        answers[part.__name__] = f"{type(error).__name__}: {error}"[:2000]
(folder / "answers.json").write_text(json.dumps({"answers": answers, "peak": memory()}))
