# The role that the forwarder has, on Fargate or from Cloud Run, and what it may do: docs/security.md has the table.

resource "aws_iam_role" "forwarder" {
  name               = "${var.name}-forwarder"
  description        = "What Seneka's forwarder may do in AWS."
  assume_role_policy = var.forwarder_on == "fargate" ? local.trust_tasks : local.trust_google
  tags               = var.tags

  lifecycle {
    precondition {
      condition     = var.forwarder_on == "fargate" || (var.google_service_account_id != null && var.google_service_account_audience != null)
      error_message = "A forwarder on Cloud Run needs google_service_account_id and google_service_account_audience."
    }
  }
}

locals {
  # Tasks of this account take it on.
  trust_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })

  # One service account of Google's takes it on. AWS knows Google's issuer without a provider. A token of a service account names
  # its unique ID as the authorized party, azp: that is what AWS calls aud, while oaud is the audience that the token was made for.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
  trust_google = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = "accounts.google.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "accounts.google.com:aud"  = var.google_service_account_id
        "accounts.google.com:oaud" = var.google_service_account_audience
        "accounts.google.com:sub"  = var.google_service_account_id
      } }
    }]
  })

  bucket_arns  = { for name, b in var.buckets : name => "arn:${local.partition}:s3:::${name}" }
  object_arns  = { for name, b in var.buckets : name => "${local.bucket_arns[name]}/${b.prefix}*" }
  versioned    = [for name, b in var.buckets : local.object_arns[name] if b.versioned]
  decrypted_by = toset(compact(concat([var.queue_kms_key_arn], [for b in var.buckets : b.kms_key_arn])))

  # What the forwarder may do, with what its code does not need left out.
  permissions = [
    for sid, p in {
      Queue    = { actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"], on = [aws_sqs_queue.events.arn] }
      Objects  = { actions = ["s3:GetObject"], on = values(local.object_arns) }
      Versions = { actions = ["s3:GetObjectVersion"], on = local.versioned }
      # Without it S3 answers 403 and not 404 where an object is gone, and its message would be parked.
      Absence = { actions = ["s3:ListBucket"], on = values(local.bucket_arns) }
      Keys    = { actions = ["kms:Decrypt"], on = tolist(local.decrypted_by) }
    } : { Sid = sid, Effect = "Allow", Action = p.actions, Resource = p.on } if length(p.on) > 0
  ]
}

resource "aws_iam_role_policy" "forwarder" {
  name   = "forward"
  role   = aws_iam_role.forwarder.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.permissions })
}
