output "endpoint" {
  value       = "${terraform_data.cache_record.output.host}:${terraform_data.cache_cluster.output.port}"
  description = "Host name and port of the cache."
}
