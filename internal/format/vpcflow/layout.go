package vpcflow

import (
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/row"
)

func seconds(name, description string) named.Field {
	return named.Field{Column: fields.Column(name, row.Timestamp, description), Set: fields.UnixSeconds}
}

// layout lists the documented fields in the order of the versions that brought them.
var layout = named.Layout{
	// Version 2.
	named.Int("version", "Version of the flow log: the highest one of its fields."),
	named.Text("account_id", "AWS account ID of the owner of the source network interface, or of the transit gateway; unknown for interfaces of some AWS services."),
	named.Text("interface_id", "ID of the network interface."),
	named.Text("srcaddr", "Source IP address; for traffic that leaves the interface, always the interface's private one."),
	named.Text("dstaddr", "Destination IP address; for traffic that enters the interface, always the interface's private one."),
	named.Int("srcport", "Source port."),
	named.Int("dstport", "Destination port."),
	named.Int("protocol", "IANA number of the protocol: 1 is ICMP, 6 TCP, 17 UDP."),
	named.Int("packets", "Packets of the flow in the capture window."),
	named.Int("bytes", "Bytes of the flow in the capture window."),
	seconds("start", "Time when the first packet of the flow came in the capture window, up to 60 s off. UTC, to the second."),
	seconds("end", "Time when the last packet of the flow came in the capture window, up to 60 s off. UTC, to the second."),
	named.Text("action", "ACCEPT, or REJECT if a security group or a network ACL refused the traffic."),
	named.Text("log_status", "OK; NODATA: no traffic in the capture window; SKIPDATA: records were skipped in it."),
	// Version 3.
	named.Text("vpc_id", "ID of the VPC of the network interface."),
	named.Text("subnet_id", "ID of the subnet of the network interface."),
	named.Text("instance_id", "ID of the instance of the network interface, if it is the customer's own."),
	named.Int("tcp_flags", "Bitmask of the TCP flags seen in the capture window: FIN 1, SYN 2, RST 4, SYN-ACK 18."),
	named.Text("type", "Type of traffic: IPv4, IPv6 or EFA."),
	named.Text("pkt_srcaddr", "Source IP address of the packet itself, behind an intermediate layer such as a NAT gateway."),
	named.Text("pkt_dstaddr", "Destination IP address of the packet itself, behind an intermediate layer such as a NAT gateway."),
	// Version 4.
	named.Text("region", "AWS Region of the network interface, or of the transit gateway."),
	named.Text("az_id", "ID of the Availability Zone of the network interface."),
	named.Text("sublocation_type", "Type of sublocation: wavelength, outpost or localzone; NULL outside of one."),
	named.Text("sublocation_id", "ID of the sublocation; NULL outside of one."),
	// Version 5.
	named.Text("pkt_src_aws_service", "AWS service whose address range pkt_srcaddr is in; NULL if none's."),
	named.Text("pkt_dst_aws_service", "AWS service whose address range pkt_dstaddr is in; NULL if none's."),
	named.Text("flow_direction", "ingress or egress, as the network interface sees it."),
	named.Int("traffic_path", "Path that egress traffic takes, 1 to 8: see AWS's documentation; NULL for ingress traffic."),
	// Version 6, of transit gateways.
	named.Text("resource_type", "Type of resource that the log is of: TransitGateway or TransitGatewayAttachment."),
	named.Text("tgw_id", "ID of the transit gateway."),
	named.Text("tgw_attachment_id", "ID of the transit gateway attachment."),
	named.Text("tgw_src_vpc_account_id", "AWS account ID of the source VPC."),
	named.Text("tgw_dst_vpc_account_id", "AWS account ID of the destination VPC."),
	named.Text("tgw_src_vpc_id", "ID of the source VPC."),
	named.Text("tgw_dst_vpc_id", "ID of the destination VPC."),
	named.Text("tgw_src_subnet_id", "ID of the subnet of the source traffic."),
	named.Text("tgw_dst_subnet_id", "ID of the subnet of the destination traffic."),
	named.Text("tgw_src_eni", "ID of the source network interface of the attachment."),
	named.Text("tgw_dst_eni", "ID of the destination network interface of the attachment."),
	named.Text("tgw_src_az_id", "ID of the Availability Zone of the source attachment."),
	named.Text("tgw_dst_az_id", "ID of the Availability Zone of the destination attachment."),
	named.Text("tgw_pair_attachment_id", "ID of the attachment at the flow's other side."),
	named.Int("packets_lost_no_route", "Packets lost because no route was given."),
	named.Int("packets_lost_blackhole", "Packets lost to a black hole."),
	named.Int("packets_lost_mtu_exceeded", "Packets lost because they were larger than the MTU."),
	named.Int("packets_lost_ttl_expired", "Packets lost because their time to live ended."),
	// Version 7, of ECS tasks.
	named.Text("ecs_cluster_arn", "ARN of the ECS cluster."),
	named.Text("ecs_cluster_name", "Name of the ECS cluster."),
	named.Text("ecs_container_instance_arn", "ARN of the ECS container instance, on EC2."),
	named.Text("ecs_container_instance_id", "ID of the ECS container instance, on EC2."),
	named.Text("ecs_container_id", "Docker runtime ID of the task's first container."),
	named.Text("ecs_second_container_id", "Docker runtime ID of the task's second container."),
	named.Text("ecs_service_name", "Name of the ECS service."),
	named.Text("ecs_task_definition_arn", "ARN of the ECS task definition."),
	named.Text("ecs_task_arn", "ARN of the ECS task."),
	named.Text("ecs_task_id", "ID of the ECS task."),
	// Version 8 and later.
	named.Text("reject_reason", "Why traffic was rejected, such as BPA: block public access; NULL if not known."),
	named.Text("resource_id", "ID of the resource that the log is of, such as a NAT gateway."),
	named.Int("encryption_status", "Encryption of the traffic: 0 none, 1 by Nitro, 2 by the application, 3 both; NULL if not known."),
	named.Text("interface_type", "Type of the network interface, such as nat_gateway."),
}
