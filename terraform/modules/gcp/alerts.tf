# What a person has to know of. Each alert has a playbook of its name. The programs' metrics come by OTLP, under their OpenTelemetry
# names, which PromQL takes in braces and quotes; Google's own have their usual names.
# https://docs.cloud.google.com/stackdriver/docs/otlp-metrics/overview

locals {
  subscription = "monitored_resource=\"pubsub_subscription\",subscription_id"

  alerts = { for name, a in local.all_alerts : name => a if var.telemetry || !a.ours }

  all_alerts = {
    # Notifications wait: the loader is down or too small, or a file cannot be loaded.
    queue-age = {
      ours     = false
      severity = "ERROR"
      duration = "300s"
      text     = "The oldest notification of a landed file is not done after ${var.alerts.queue_age_seconds} seconds."
      query    = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.subscription}=\"${google_pubsub_subscription.loader.name}\"}) > ${var.alerts.queue_age_seconds}"
    }
    # A notification was given up: its file is not in BigQuery.
    dead-letters = {
      ours     = false
      severity = "ERROR"
      duration = "0s"
      text     = "Notifications of landed files are parked."
      query    = "max(pubsub_googleapis_com:subscription_num_undelivered_messages{${local.subscription}=\"${google_pubsub_subscription.dead_letters.name}\"}) > 0"
    }
    # From S3's put to a query.
    freshness = {
      ours     = true
      severity = "WARNING"
      duration = "600s"
      text     = "One file in a hundred takes longer than ${var.alerts.freshness_seconds} seconds from S3 to a query."
      query    = "histogram_quantile(0.99, sum by (le) (rate({\"seneka.loader.freshness_bucket\"}[10m]))) > ${var.alerts.freshness_seconds}"
    }
    # Lines that could not be parsed, and files that were rejected whole.
    reject-ratio = {
      ours     = true
      severity = "WARNING"
      duration = "0s"
      text     = "More than ${var.alerts.reject_ratio * 100} % of a source's records could not be parsed, or a file was rejected."
      query    = <<-PROMQL
        sum by (source) (increase({"seneka.loader.rejects"}[30m]))
          / (sum by (source) (increase({"seneka.loader.rejects"}[30m])) + sum by (source) (increase({"seneka.loader.rows"}[30m])))
          > ${var.alerts.reject_ratio}
        or sum by (source) (increase({"seneka.loader.files", "outcome"="rejected"}[30m])) > 0
      PROMQL
    }
    # A leak, or too little memory for the settings.
    memory-growth = {
      ours     = true
      severity = "WARNING"
      duration = "1800s"
      text     = "An instance of the loader has held over ${var.alerts.memory_ratio * 100} % of its memory for half an hour."
      query    = "max by (instance) ({\"go.memory.used\", \"job\"=~\".*seneka-loader\"}) > ${floor(var.alerts.memory_ratio * var.loader_size.memory_mib * 1048576)}"
    }
    # BigQuery takes 10,000 CreateWriteStream requests an hour: beyond it large files wait.
    stream-quota = {
      ours     = true
      severity = "WARNING"
      duration = "0s"
      text     = "Over ${var.alerts.streams_per_hour} write streams were made within an hour, of the 10,000 that BigQuery allows."
      query    = "sum(increase({\"seneka.loader.streams.created\"}[1h])) > ${var.alerts.streams_per_hour}"
    }
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  project               = var.project
  display_name          = "${var.name}-${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = each.key

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"
      # A metric is known to Cloud Monitoring once a program has sent it.
      disable_metric_validation = true
    }
  }

  documentation {
    subject   = "Seneka: ${each.key}"
    content   = "${each.value.text}\n\n[Playbook](${var.playbooks_url}${each.key}.md)"
    mime_type = "text/markdown"
  }

  depends_on = [google_project_service.used]
}
