"""Files to files, a file a batch, until there is no more; a later start resumes where it was interrupted."""

from report import session

IN, OUT, CHECKPOINT = (f"s3a://flights/stream/{name}" for name in ("in", "out", "checkpoint"))

spark = session("stream")
lines = spark.readStream.schema("id bigint, name string").option("maxFilesPerTrigger", "1").json(IN)
query = (
    lines.selectExpr("id", "upper(name) as name", "id % 3 as k")
    .writeStream.partitionBy("k")
    .option("checkpointLocation", CHECKPOINT)
    .trigger(availableNow=True)
    .start(OUT, format="parquet")
)
query.awaitTermination()
spark.stop()
