# The shape of a real module with Terraform's built-in provider only: each resource is made from the one before it, so they
# are built in order and the outputs are read from what was built. With the AWS provider in reach, the three resources
# become aws_elasticache_subnet_group, aws_elasticache_replication_group and aws_route53_record.

locals {
  # ElastiCache takes 40 characters, "-redis" included; cutting may leave a hyphen at the end.
  words = trim(replace(lower(var.name), "/[^a-z0-9]+/", "-"), "-")
  slug  = trimsuffix(substr(local.words, 0, 34), "-")
}

resource "terraform_data" "cache_subnet_group" {
  input = "${local.slug}-redis"
}

resource "terraform_data" "cache_cluster" {
  input = {
    id           = terraform_data.cache_subnet_group.output
    node_type    = var.cache_size
    port         = 6379
    subnet_group = terraform_data.cache_subnet_group.id
  }
}

resource "terraform_data" "cache_record" {
  input = {
    host    = "${terraform_data.cache_cluster.output.id}.${var.environment}.cache.amazonaws.com"
    cluster = terraform_data.cache_cluster.id
  }
}
