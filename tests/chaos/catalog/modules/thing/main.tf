# The second resource takes about a second, and its marker is seen in the list of processes while it does.
variable "label" { type = string }
variable "secret" {
  type      = string
  sensitive = true
}

resource "terraform_data" "first" {
  input = var.label
}

resource "terraform_data" "second" {
  input = terraform_data.first.output

  provisioner "local-exec" {
    command = "sleep 1 # applying-${var.label}"
  }
}

output "name" { value = terraform_data.second.output }

output "token" {
  value     = "made-with-${var.secret}"
  sensitive = true
}
