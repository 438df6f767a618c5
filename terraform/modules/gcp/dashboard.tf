# What there is to see, two charts a row: how fresh, how many, what waits, what it takes.

locals {
  pubsub_loader = "{${local.subscription}=\"${google_pubsub_subscription.loader.name}\"}"
  pubsub_parked = "{${local.subscription}=\"${google_pubsub_subscription.dead_letters.name}\"}"

  charts = [
    { title = "From S3 to a query, seconds", lines = {
      "p50" = "histogram_quantile(0.5, sum by (le) (rate({\"seneka.loader.freshness_bucket\"}[5m])))"
      "p99" = "histogram_quantile(0.99, sum by (le) (rate({\"seneka.loader.freshness_bucket\"}[5m])))"
    } },
    { title = "Files a second, by what became of them", lines = {
      "forwarder: $${labels.outcome}" = "sum by (outcome) (rate({\"seneka.forwarder.files\"}[5m]))"
      "loader: $${labels.outcome}"    = "sum by (outcome) (rate({\"seneka.loader.files\"}[5m]))"
    } },
    { title = "Rows a second, by source", lines = {
      "$${labels.source}" = "sum by (source) (rate({\"seneka.loader.rows\"}[5m]))"
    } },
    { title = "Rejects a second, by source", lines = {
      "$${labels.source}" = "sum by (source) (rate({\"seneka.loader.rejects\"}[5m]))"
    } },
    { title = "Age of the oldest, seconds", lines = {
      "S3 to the forwarder, p99" = "histogram_quantile(0.99, sum by (le) (rate({\"seneka.forwarder.queue.age_bucket\"}[5m])))"
      "notifications"            = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age${local.pubsub_loader})"
    } },
    { title = "Waiting and parked", lines = {
      "notifications" = "max(pubsub_googleapis_com:subscription_num_undelivered_messages${local.pubsub_loader})"
      "parked"        = "max(pubsub_googleapis_com:subscription_num_undelivered_messages${local.pubsub_parked})"
      "copies"        = "sum({\"seneka.forwarder.inflight\"})"
    } },
    { title = "Bytes a second", lines = {
      "forwarder: $${labels.direction}" = "sum by (direction) (rate({\"seneka.forwarder.bytes\"}[5m]))"
      "loader"                          = "sum(rate({\"seneka.loader.bytes\"}[5m]))"
    } },
    { title = "Seconds a file, p99", lines = {
      "copy" = "histogram_quantile(0.99, sum by (le) (rate({\"seneka.forwarder.copy.duration_bucket\"}[5m])))"
      "load" = "histogram_quantile(0.99, sum by (le) (rate({\"seneka.loader.duration_bucket\"}[5m])))"
    } },
    { title = "Seconds a call, p99", lines = {
      "$${labels.service} $${labels.call}" = "histogram_quantile(0.99, sum by (le, service, call) (rate({\"seneka.calls.duration_bucket\"}[5m])))"
    } },
    { title = "Write streams: made within an hour, of 10,000; open", lines = {
      "made" = "sum(increase({\"seneka.loader.streams.created\"}[1h]))"
      "open" = "sum({\"seneka.loader.pool.streams\"})"
    } },
    { title = "Memory that Go holds, bytes", lines = {
      "$${labels.job} $${labels.instance}" = "max by (job, instance) ({\"go.memory.used\"})"
    } },
    { title = "Goroutines", lines = {
      "$${labels.job} $${labels.instance}" = "max by (job, instance) ({\"go.goroutine.count\"})"
    } },
  ]
}

resource "google_monitoring_dashboard" "this" {
  count = var.telemetry ? 1 : 0

  project = var.project

  dashboard_json = jsonencode({
    displayName = "Seneka: ${var.name}"
    mosaicLayout = {
      columns = 48
      tiles = [for i, chart in local.charts : {
        xPos   = i % 2 * 24
        yPos   = floor(i / 2) * 16
        width  = 24
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [for legend, query in chart.lines : {
              plotType       = "LINE"
              legendTemplate = legend
              timeSeriesQuery = {
                prometheusQuery = query
              }
            }]
          }
        }
      }]
    }
  })

  depends_on = [google_project_service.used]
}
