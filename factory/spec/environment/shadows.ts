/** Packages that would take the place of what the image has itself: name -> why it is refused. */
export const SHADOWS: Readonly<Record<string, string>> = {
  pyspark: "the image has the Spark that factory.yaml's spark names, with its Python package",
  'pyspark-client': "it brings its own pyspark, which would hide that of the image's Spark",
  'pyspark-connect': "it brings its own pyspark, which would hide that of the image's Spark",
  'databricks-connect': "it brings its own pyspark, which would hide that of the image's Spark",
  openjdk:
    "the image has the Java that Spark is run by (factory.yaml's java); another one would come first on PATH",
};
