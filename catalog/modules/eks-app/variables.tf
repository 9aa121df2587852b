variable "app_name" {
  type        = string
  nullable    = false
  description = "Name of the application: lower case letters, digits and hyphens."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,49}$", var.app_name))
    error_message = "app_name must be 3 to 50 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "environment" {
  type        = string
  nullable    = false
  description = "Where it runs: dev, staging or prod."

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod."
  }
}

variable "replicas" {
  type        = number
  nullable    = false
  default     = 2
  description = "How many copies run."

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 10 && floor(var.replicas) == var.replicas
    error_message = "replicas must be a whole number from 1 to 10."
  }
}

variable "app_type" {
  type        = string
  nullable    = false
  default     = "web-frontend"
  description = "What kind of workload it is, e.g. web-frontend."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.app_type))
    error_message = "app_type must be lower case letters, digits and hyphens."
  }
}
