# The role by which ECS starts a task: to fetch the image and to write the log. The forwarder does not have it.

locals {
  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG; an image of another registry is fetched without leave.
  ecr = try(regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", var.forwarder_image), null)
}

resource "aws_iam_role" "execution" {
  count = local.fargate

  name               = "${var.name}-execution"
  description        = "Starts the tasks of Seneka's forwarder."
  assume_role_policy = local.trust_tasks
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  count = local.fargate

  name = "start"
  role = aws_iam_role.execution[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.forwarder[0].arn}:*"]
      }],
      local.ecr == null ? [] : [
        {
          Sid      = "Image"
          Effect   = "Allow"
          Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = ["arn:${local.partition}:ecr:${local.ecr.region}:${local.ecr.account}:repository/${local.ecr.repository}"]
        },
        {
          Sid      = "Registry"
          Effect   = "Allow"
          Action   = ["ecr:GetAuthorizationToken"]
          Resource = ["*"] # it has no resource
        },
      ],
    )
  })
}
