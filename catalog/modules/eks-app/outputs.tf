output "service_url" {
  value       = "https://${terraform_data.ingress.output.host}"
  description = "Where the application answers."
}

output "cluster_endpoint" {
  value       = terraform_data.cluster.output.endpoint
  description = "The API of the cluster it runs in."
}

output "namespace" {
  value       = terraform_data.namespace.output.name
  description = "Its namespace in the cluster."
}
