# The forwarder on Fargate: a service without a door. Nothing connects to it.

locals {
  fargate = var.forwarder_on == "fargate" ? 1 : 0

  # What the program reads; ARCHITECTURE.md has the table.
  environment = merge({
    SENEKA_CONFIG             = var.config_uri
    SENEKA_GOOGLE_AUDIENCE    = var.google_audience
    SENEKA_WORKERS            = tostring(var.forwarder_size.workers)
    SENEKA_MAX_BYTES          = tostring(var.forwarder_size.budget_mib * 1048576)
    SENEKA_VISIBILITY_SECONDS = tostring(var.forwarder_size.visibility_seconds)
    SENEKA_METRICS_PORT       = "9464"
    AWS_REGION                = local.region
    GOMEMLIMIT                = "${floor(var.forwarder_size.memory_mib * 0.85)}MiB"
  }, var.environment)
}

resource "aws_ecs_cluster" "this" {
  count = local.fargate

  name = var.name
  tags = var.tags
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = local.fargate

  cluster_name       = aws_ecs_cluster.this[0].name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "forwarder" {
  count = local.fargate

  family                   = "${var.name}-forwarder"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.forwarder_size.cpu
  memory                   = var.forwarder_size.memory_mib
  task_role_arn            = aws_iam_role.forwarder.arn
  execution_role_arn       = aws_iam_role.execution[0].arn
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.forwarder_size.architecture
  }

  container_definitions = jsonencode([{
    name                   = "forwarder"
    image                  = var.forwarder_image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    # It drains for 25 seconds, and then closes its clients. Spot gives two minutes' notice.
    stopTimeout = 60
    healthCheck = {
      command     = var.health_command
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }
    environment = [for k in sort(keys(local.environment)) : { name = k, value = local.environment[k] }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.forwarder[0].name
        awslogs-region        = local.region
        awslogs-stream-prefix = "forwarder"
        mode                  = "non-blocking" # a slow log must not hold up files
        max-buffer-size       = "4m"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = var.forwarder_image != null && var.config_uri != null && var.google_audience != null
      error_message = "The forwarder on Fargate needs forwarder_image, config_uri and google_audience."
    }
  }
}

resource "aws_ecs_service" "forwarder" {
  count = local.fargate

  name            = "${var.name}-forwarder"
  cluster         = aws_ecs_cluster.this[0].id
  task_definition = aws_ecs_task_definition.forwarder[0].arn
  desired_count   = var.forwarder_size.count
  propagate_tags  = "SERVICE"
  tags            = var.tags

  # The new one starts before the old one ends: both may receive at a time.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  capacity_provider_strategy {
    capacity_provider = var.forwarder_size.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.forwarder[0].id]
    assign_public_ip = var.assign_public_ip
  }

  lifecycle {
    precondition {
      condition     = var.vpc_id != null && length(var.subnet_ids) > 0
      error_message = "The forwarder on Fargate needs vpc_id and subnet_ids."
    }
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.forwarder, aws_iam_role_policy.execution]
}

resource "aws_cloudwatch_log_group" "forwarder" {
  count = local.fargate

  name              = "/seneka/${var.name}-forwarder"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}
