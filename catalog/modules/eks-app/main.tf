# The shape of a real module with Terraform's built-in provider only: each resource is made from the one before it, so they
# are built in order and the outputs are read from what was built. With the AWS and Kubernetes providers in reach, the four
# resources become aws_eks_cluster (data), kubernetes_namespace, kubernetes_deployment and kubernetes_ingress.

resource "terraform_data" "cluster" {
  input = {
    name     = "eks-${var.environment}"
    endpoint = "https://eks-${var.environment}.example.com"
    zone     = "${var.environment}.example.com"
  }
}

resource "terraform_data" "namespace" {
  input = {
    cluster = terraform_data.cluster.output.name
    name    = var.app_name
  }
  triggers_replace = [terraform_data.cluster.id]
}

resource "terraform_data" "deployment" {
  input = {
    namespace = terraform_data.namespace.output.name
    app_type  = var.app_type
    replicas  = var.replicas
  }
  triggers_replace = [terraform_data.namespace.id]
}

resource "terraform_data" "ingress" {
  input = {
    host       = "${terraform_data.deployment.output.namespace}.${terraform_data.cluster.output.zone}"
    deployment = terraform_data.deployment.id
  }

  lifecycle {
    postcondition {
      condition     = length(self.output.host) <= 253
      error_message = "The host name of the service is longer than DNS allows."
    }
  }
}
