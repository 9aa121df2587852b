output "address" {
  value       = terraform_data.db_instance.output.address
  description = "Host name of the database."
}

output "port" {
  value       = terraform_data.db_instance.output.port
  description = "Port of the database."
}

output "admin_secret_arn" {
  value       = terraform_data.admin_secret.output.arn
  description = "Where the administrator's password is kept; the password itself is in no output."
}
