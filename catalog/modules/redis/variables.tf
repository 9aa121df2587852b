variable "name" {
  type        = string
  nullable    = false
  description = "What the cache is for, in any words; its host name is made from it."

  validation {
    condition     = can(regex("[a-z0-9]", lower(var.name)))
    error_message = "name must hold at least one letter from a to z or one digit."
  }
}

variable "cache_size" {
  type        = string
  nullable    = false
  default     = "cache.t3.micro"
  description = "Size of a node, e.g. cache.t3.micro."

  validation {
    condition     = can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", var.cache_size))
    error_message = "cache_size must look like cache.t3.micro."
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
