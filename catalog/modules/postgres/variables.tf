variable "database_name" {
  type        = string
  nullable    = false
  description = "Name of the database: lower case letters, digits and underscores."

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "database_name must be at most 63 lower case letters, digits and underscores, and begin with a letter."
  }
}

variable "instance_class" {
  type        = string
  nullable    = false
  default     = "db.t3.small"
  description = "Size of the instance, e.g. db.t3.small."

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class must look like db.t3.small."
  }
}

variable "allocated_storage" {
  type        = number
  nullable    = false
  default     = 100
  description = "Storage in GB."

  validation {
    condition     = var.allocated_storage >= 20 && var.allocated_storage <= 1000
    error_message = "allocated_storage must be from 20 to 1000 GB."
  }
}

variable "backup_retention" {
  type        = number
  nullable    = false
  default     = 7
  description = "How many days backups are kept."

  validation {
    condition     = var.backup_retention >= 1 && var.backup_retention <= 35
    error_message = "backup_retention must be from 1 to 35 days."
  }
}

variable "environment" {
  type        = string
  nullable    = false
  default     = "dev"
  description = "Where it runs: dev, staging or prod."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "multi_az" {
  type        = bool
  nullable    = false
  default     = false
  description = "Whether a second copy stands by in another zone."
}
