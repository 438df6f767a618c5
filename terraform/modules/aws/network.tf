# Nothing in; out by HTTPS only, to S3, SQS, STS, the registry and Google.

resource "aws_security_group" "forwarder" {
  count = local.fargate

  name        = "${var.name}-forwarder"
  description = "Seneka's forwarder: no way in, HTTPS out"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = local.fargate == 1 ? { ipv4 = "0.0.0.0/0", ipv6 = "::/0" } : {}

  security_group_id = aws_security_group.forwarder[0].id
  description       = "HTTPS to anywhere"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
}
