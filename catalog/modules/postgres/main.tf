# The shape of a real module with Terraform's built-in provider only: each resource is made from the one before it, so they
# are built in order and the outputs are read from what was built. With the AWS provider in reach, the three resources
# become aws_db_subnet_group, aws_db_instance and aws_secretsmanager_secret.

locals {
  # Subnet groups that other databases live in. A database whose name begins with one of them would be put there.
  existing_subnet_groups = ["legacy", "shared"]
  slug                   = replace(var.database_name, "_", "-")
}

resource "terraform_data" "db_subnet_group" {
  input = "${local.slug}-${var.environment}"

  lifecycle {
    precondition {
      condition     = !anytrue([for group in local.existing_subnet_groups : startswith(var.database_name, group)])
      error_message = "Error creating RDS instance: subnet group conflicts with existing resources"
    }
  }
}

resource "terraform_data" "db_instance" {
  input = {
    subnet_group      = terraform_data.db_subnet_group.output
    address           = "${var.database_name}.${var.environment}.rds.amazonaws.com"
    port              = 5432
    instance_class    = var.instance_class
    allocated_storage = var.allocated_storage
    backup_retention  = var.backup_retention
    multi_az          = var.multi_az
  }
  triggers_replace = [terraform_data.db_subnet_group.id]
}

resource "terraform_data" "admin_secret" {
  input = {
    arn      = "arn:aws:secretsmanager:us-east-1:123456789:secret:${local.slug}-admin"
    instance = terraform_data.db_instance.id
  }
}
